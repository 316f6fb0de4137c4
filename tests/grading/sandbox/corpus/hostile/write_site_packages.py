# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import os, sys
bad = 0
for path in sys.path:
    try:
        open(os.path.join(path, 'ot_grid_hostile.py'), 'w').write('x')
        bad += 1
    except OSError:
        pass
print('written' if bad else 'safe')
