# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
try:
    open('/proc/sys/kernel/core_pattern', 'w').write('|/bin/false')
    print('written')
except OSError:
    print('safe')
