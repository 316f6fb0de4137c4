# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrong output|PermissionError"}
import os
os.mkdir('locked')
open('locked/x', 'w').close()
os.chmod('locked', 0)
os.chmod('.', 0o500)
print('done')
