"""Between a broker and PostgreSQL: a wire that breaks at the worst moment.

    proxy = pgproxy.Proxy(server)
    ... server.conninfo(schema, host=proxy.folder) ...
    proxy.break_at("answer")    the next COMMIT is done, its answer is lost
    proxy.break_at("request")   the next COMMIT does not reach the server
"""

import os
import shutil
import socket
import tempfile
import threading

import pgserver


class Proxy:
    def __init__(self, server):
        self.folder = tempfile.mkdtemp(prefix="dkpx-")
        self.name = ".s.PGSQL.%d" % pgserver.PORT
        self.to = os.path.join(server.folder, self.name)
        self.how = None
        self.broken = 0  # how often it did
        self.lock = threading.Lock()
        self.sockets = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(self.folder, self.name))
        self.listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def break_at(self, how):
        with self.lock:
            self.how = how

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.to)
            except OSError:
                client.close()
                server.close()
                continue
            self.sockets += [client, server]
            threading.Thread(target=self._answers, args=(client, server),
                             daemon=True).start()
            threading.Thread(target=self._requests, args=(client, server),
                             daemon=True).start()

    def _take(self, data):
        """Is this the moment?"""
        with self.lock:
            if self.how != "request" or b"COMMIT\0" not in data:
                return None
            self.how = None
            return "request"

    @staticmethod
    def _end(*sockets):
        for s in sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _requests(self, client, server):
        try:
            while True:
                data = client.recv(1 << 16)
                how = self._take(data)
                if not data or how == "request":
                    self.broken += how is not None
                    break
                server.sendall(data)
        except OSError:
            pass
        self._end(client, server)

    def _answers(self, client, server):
        try:
            while True:
                data = server.recv(1 << 16)
                if not data:
                    break
                with self.lock:
                    # The tag of the command: it has happened.
                    gone = self.how == "answer" and b"COMMIT\0" in data
                    if gone:
                        self.how = None
                if gone:
                    self.broken += 1
                    break
                client.sendall(data)
        except OSError:
            pass
        self._end(client, server)

    def close(self):
        self._end(self.listener, *self.sockets)
        self.listener.close()
        for s in self.sockets:
            s.close()
        shutil.rmtree(self.folder, ignore_errors=True)
