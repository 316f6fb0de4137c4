# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrong output", "isolated": true}
try:
    open('/dev/shm/ot_grid_hostile', 'w').write('hostile')
except OSError:
    pass
print('done')
