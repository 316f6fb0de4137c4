# {"kind": "stdin", "tests": [{"input": "", "output": "0\n"}, {"input": "", "output": "0\n"}], "verdict": "right"}
import os
print(len(os.listdir('.')))
open('left', 'w').close()
