# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
try:
    open('/etc/shadow').read()
    print('leaked')
except OSError:
    print('safe')
