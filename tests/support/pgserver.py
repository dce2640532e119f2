"""A PostgreSQL server of the tests' own, in a temporary folder.

    with pgserver.Server() as server:
        ... server.conninfo(schema="a") ...

or, for programs that are not Python:

    pgserver.py COMMAND [: COMMAND ...]     DK_PG is the connection string

It listens on a socket in its folder and nowhere else, syncs as a real one does,
and is ended by its pid, also when the test dies.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

STRETCH = float(os.environ.get("DK_STRETCH") or 1)
PORT = 5432
SETTINGS = ("listen_addresses=", "max_connections=40", "shared_buffers=16MB",
            "max_wal_size=128MB", "logging_collector=off",
            "log_min_messages=warning", "autovacuum_naptime=30s",
            "log_line_prefix=%m ")


def program(name):
    """The path of a program of PostgreSQL 15; None: it is not installed."""
    found = shutil.which(name, path="/usr/lib/postgresql/15/bin:" +
                         os.environ.get("PATH", ""))
    return found


def as_user():
    """A command prefix: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return [], os.geteuid()
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return ["setpriv", "--reuid", str(user.pw_uid), "--regid",
                str(user.pw_gid), "--clear-groups"], user.pw_uid
    raise AssertionError("no user to run PostgreSQL as")


class Server:
    def __init__(self, settings=(), standby_of=None):
        if program("initdb") is None or program("postgres") is None:
            raise AssertionError("PostgreSQL 15 is not installed "
                                 "(script/packages: postgresql)")
        self.prefix, uid = as_user()
        self.folder = tempfile.mkdtemp(prefix="dkpg-")
        self.data = os.path.join(self.folder, "data")
        self.log = os.path.join(self.folder, "log")
        self.settings = list(SETTINGS) + list(settings)
        self.process = None
        os.chmod(self.folder, 0o755)
        if self.prefix:
            os.chown(self.folder, uid, -1)
        command = [program("initdb"), "-D", self.data, "-A", "trust", "-U",
                   "docket", "-E", "UTF8", "--locale=C.UTF-8",
                   "--wal-segsize=4", "--no-sync", "--no-instructions"]
        if standby_of is not None:  # its copy, which follows it
            command = [program("pg_basebackup"), "-D", self.data, "-h",
                       standby_of.folder, "-p", str(PORT), "-U", "docket",
                       "-R", "-X", "stream", "-c", "fast", "--no-sync"]
        done = subprocess.run(
            self.prefix + command,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            cwd="/", env=dict(os.environ, LC_ALL="C.UTF-8"))
        if done.returncode != 0:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise AssertionError(command[0] + ": " + done.stdout.decode())
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start(self):
        """Start it, and wait until it answers."""
        command = list(self.prefix)
        if shutil.which("setpriv"):  # ends with us, whatever ends us
            command = (command or ["setpriv"]) + ["--pdeathsig", "INT"]
        command += [program("postgres"), "-D", self.data, "-k", self.folder,
                    "-p", str(PORT)]
        for setting in self.settings:
            command += ["-c", setting]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, cwd="/")
        end = time.monotonic() + 30 * STRETCH
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("PostgreSQL does not start:\n" +
                                     self.messages())
            time.sleep(0.02)

    def messages(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()[-4000:]

    def ready(self):
        return subprocess.run([program("pg_isready"), "-q", "-h", self.folder,
                               "-p", str(PORT)], check=False).returncode == 0

    def conninfo(self, schema=None, host=None, more=""):
        text = "host=%s port=%d user=docket dbname=postgres" % (
            host or self.folder, PORT)
        if schema is not None:
            text += " options='-c search_path=%s'" % schema
        return text + (" " + more if more else "")

    def sql(self, text, schema=None):
        """Run statements; the rows of the last as lines, columns by `|`."""
        done = subprocess.run([program("psql"), "-qAtX", "-v",
                               "ON_ERROR_STOP=1", "-d",
                               self.conninfo(schema), "-c", text],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              check=False, timeout=60 * STRETCH)
        if done.returncode != 0:
            raise AssertionError("%s\n%s" % (text, done.stderr.decode()))
        return done.stdout.decode().split("\n")[:-1]

    def schema(self, name):
        self.sql("CREATE SCHEMA " + name)
        return name

    def stop(self, how=signal.SIGQUIT):
        """SIGQUIT: at once, as a crash; SIGINT: in order."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(30 * STRETCH)

    def restart(self):
        self.stop()
        self.start()

    def close(self):
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if os.environ.get("DK_KEEP"):
            print("kept: " + self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


def main(argv):
    commands, code = [[]], 0
    for word in argv:
        if word == ":":
            commands.append([])
        else:
            commands[-1].append(word)
    with Server() as server:
        environment = dict(os.environ, DK_PG=server.conninfo())
        for command in commands:
            done = subprocess.run(command, env=environment, check=False)
            code = code or abs(done.returncode)
        if code != 0:
            print(server.messages(), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
