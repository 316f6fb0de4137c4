# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrote files of more|SIGXFSZ|exit code"}
with open('big', 'wb') as file:
    while True:
        file.write(b'x' * 2**20)
