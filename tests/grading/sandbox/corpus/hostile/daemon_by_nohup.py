# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "wrong output"}
import subprocess
subprocess.Popen(['/bin/sh', '-c', 'nohup sleep 3600 &'], start_new_session=True)
print('done')
