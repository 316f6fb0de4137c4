# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": "", "isolated": true}
try:
    open('@SENTINEL@/file').read()
    print('leaked')
except OSError:
    print('safe')
