# Imports, a thread, a child process, a database, and a package whose compiled
# modules are written into a directory that was not there.
import ctypes  # noqa: F401
import json
import os
import shutil
import sqlite3
import subprocess
import threading

import package.module

with open("data.json", "w") as f:
    json.dump({"n": package.module.N}, f)
os.replace("data.json", "renamed.json")
db = sqlite3.connect("base.sqlite")
db.execute("CREATE TABLE t (x)")
db.execute("INSERT INTO t VALUES (1)")
db.commit()
db.close()
thread = threading.Thread(target=shutil.copytree, args=("package", "copy"))
thread.start()
thread.join()
subprocess.run(["/bin/true"], check=True)
shutil.rmtree("copy")
