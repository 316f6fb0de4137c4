# {"kind": "stdin", "tests": [{"input": "1 2\n3 4\n", "output": "10\n"}], "verdict": "right"}
import os
pid = os.fork()
if pid == 0:
    os._exit(10)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
