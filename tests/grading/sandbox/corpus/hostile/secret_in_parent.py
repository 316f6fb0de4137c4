# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import os
def there(path):
    try:
        return b'OT_GRID_CORPUS' in open(path, 'rb').read()
    except OSError:
        return False
print('leaked' if there(f'/proc/{os.getppid()}/environ') or there(f'/proc/{os.getppid()}/cmdline') else 'safe')
