# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
try:
    open('/usr/ot_grid_hostile', 'w').write('hostile')
    print('written')
except OSError:
    print('safe')
