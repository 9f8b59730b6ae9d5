"""Hands a listening socket to the server as systemd does, and asks it something.

usage: socket_activation.py tcp|unix|other|file FOLDER BINARY      prints `ok`
"""

import os
import signal
import socket
import subprocess
import sys

kind, folder, binary = sys.argv[1:]
path = folder + "/s"
if kind == "file":
    listener = os.open("/dev/null", os.O_RDONLY)
    handed = listener
elif kind == "unix":
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    handed = listener.fileno()
else:
    listener = socket.create_server(("127.0.0.1", 0))
    handed = listener.fileno()
notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notices.bind(folder + "/notify")
notices.settimeout(20)

child = os.fork()
if child == 0:
    os.dup2(handed, 3)
    os.set_inheritable(3, True)
    pid = os.getppid() if kind == "other" else os.getpid()
    os.environ.update(
        LISTEN_PID=str(pid), LISTEN_FDS="1", LISTEN_FDNAMES="web", NOTIFY_SOCKET=folder + "/notify"
    )
    log = os.open(folder + "/log", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.execv(binary, [binary, "serve", "--data", folder + "/data", "--port", "0"])

if kind == "file":
    status = os.waitpid(child, 0)[1]
    assert os.waitstatus_to_exitcode(status) == 2, status
    assert "file descriptor 3" in open(folder + "/log").read()
    assert not os.path.exists(folder + "/data")
    print("ok")
    sys.exit()

assert notices.recv(100) == b"READY=1"
if kind == "other":
    log = open(folder + "/log").read()
    assert f":{listener.getsockname()[1]}/" not in log and "127.0.0.1:" in log, log
else:
    where = ["--unix-socket", path, "http://localhost/healthz"] if kind == "unix" else []
    if kind == "tcp":
        where = [f"http://127.0.0.1:{listener.getsockname()[1]}/healthz"]
    answer = subprocess.run(
        ["curl", "-s", "--max-time", "20", "-o", "/dev/null", "-w", "%{http_code}", *where],
        capture_output=True,
        text=True,
    )
    assert answer.stdout == "200", answer
os.kill(child, signal.SIGTERM)
assert notices.recv(100) == b"STOPPING=1"
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
# What was handed over is not this server's to remove.
assert kind != "unix" or os.path.exists(path)
print("ok")
