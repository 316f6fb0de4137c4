# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "exit code 1: OSError: .Errno 24"}
held = []
while True:
    held.append(open('/dev/null'))
