# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "wrong", "because": "processes|memory|took more|exit code|SIGKILL", "seconds": 1}
import subprocess
running = []
while True:
    running.append(subprocess.Popen(['/bin/sleep', '60']))
