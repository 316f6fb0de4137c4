# {"kind": "stdin", "tests": [{"input": "1\n", "output": "safe\n"}], "verdict": "right", "because": ""}
import os
def there(path):
    try:
        return b'OT_GRID_CORPUS' in open(path, 'rb').read()
    except OSError:
        return False
pids = [name for name in os.listdir('/proc') if name.isdigit()] if os.path.isdir('/proc') else []
print('leaked' if any(there(f'/proc/{pid}/environ') for pid in pids) else 'safe')
