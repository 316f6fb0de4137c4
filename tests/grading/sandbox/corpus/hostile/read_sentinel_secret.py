# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
try:
    open('@SENTINEL@/secret').read()
    print('leaked')
except OSError:
    print('safe')
