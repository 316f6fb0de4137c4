# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "took more|memory", "seconds": 1}
parts = []
while True:
    try:
        parts.append(bytearray(2**24))
    except MemoryError:
        pass
