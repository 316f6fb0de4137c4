# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrote files of more|took more", "seconds": 2}
n = 0
while True:
    with open(f'big{n}', 'wb') as file:
        file.write(b'x' * 2**23)
    n += 1
