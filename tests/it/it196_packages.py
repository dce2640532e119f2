#!/usr/bin/python3
"""The Debian packages: what is in them, and a county's way with them: install,
run, upgrade, remove, purge, on a Debian of their own.

That is this machine's, under an overlay in a mount namespace, so it needs root;
without, the first half is tested.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "support"))
import dkworld  # noqa: E402

BUILD = dkworld.BIN
NAMES = ("docket-server", "docket-client", "docket-kiosk", "docket-web",
         "docket-metrics", "libdocket-dev")


def run(*argv, **more):
    done = subprocess.run(argv, capture_output=True, check=False, **more)
    if done.returncode != 0:
        raise AssertionError("%s: %d\n%s%s" % (
            " ".join(map(str, argv)), done.returncode,
            done.stdout.decode("utf-8", "replace")[-3000:],
            done.stderr.decode("utf-8", "replace")[-3000:]))
    return done.stdout.decode("utf-8")


def pack(folder, only=None):
    """All packages of the build, or those of `only`; their files by name."""
    env = dict(os.environ, SOURCE_DATE_EPOCH="1790000000")
    argv = ["cpack", "--config", os.path.join(BUILD, "CPackConfig.cmake"),
            "-B", folder]
    if only:
        argv += ["-D", "CPACK_COMPONENTS_ALL=" + only]
    run(*argv, env=env, cwd=BUILD)
    return {os.path.basename(path).split("_")[0]: path
            for path in glob.glob(os.path.join(folder, "*.deb"))}


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="dk-pk-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.debs = pack(os.path.join(cls.folder, "a"))


class Contents(Case):
    def test_there_is_each_and_packing_again_gives_the_same_bytes(self):
        self.assertEqual(set(self.debs), set(NAMES))
        again = pack(os.path.join(self.folder, "b"), only="kiosk")
        self.assertEqual(len(again), 1)
        for name in again:
            with open(self.debs[name], "rb") as one, \
                    open(again[name], "rb") as other:
                self.assertEqual(one.read(), other.read(), name)

    @unittest.skipUnless(shutil.which("lintian"), "there is no lintian here")
    def test_lintian_has_nothing_to_say(self):
        run("lintian", "--allow-root", "--fail-on", "error,warning",
            *self.debs.values())

    def test_every_program_unit_and_setting_is_in_one(self):
        tree = os.path.join(self.folder, "tree")
        conffiles = set()
        for path in self.debs.values():
            run("dpkg-deb", "-x", path, tree)
            control = tempfile.mkdtemp(dir=self.folder)
            run("dpkg-deb", "-e", path, control)
            listed = os.path.join(control, "conffiles")
            if os.path.exists(listed):
                with open(listed, encoding="utf-8") as file:
                    conffiles |= set(file.read().split())
        programs = set(os.listdir(os.path.join(tree, "usr/bin")))
        self.assertEqual(programs, {
            "docketd", "docket-assign", "docket-deadline", "docket-escalate",
            "docketctl", "docket-simulate", "docket-kiosk", "docket-web",
            "docket-notify", "docket-metrics", "docket-relay"})
        etc = os.path.join(tree, "etc")
        self.assertEqual(conffiles, {
            "/etc/" + os.path.relpath(os.path.join(at, name), etc)
            for at, _, names in os.walk(etc) for name in names})
        shipped = set(os.listdir(os.path.join(tree, "lib/systemd/system"))
                      if os.path.isdir(os.path.join(tree, "lib/systemd"))
                      else os.listdir(os.path.join(tree,
                                                   "usr/lib/systemd/system")))
        ours = {name for name in os.listdir(os.path.join(dkworld.ROOT,
                                                         "systemd"))
                if name.rsplit(".", 1)[1] in ("service", "socket", "timer",
                                              "target")}
        self.assertEqual(shipped, ours)

    def test_a_stranger_s_program_is_built_on_the_library(self):
        tree = os.path.join(self.folder, "dev")
        run("dpkg-deb", "-x", self.debs["libdocket-dev"], tree)
        example = os.path.join(tree, "usr/share/doc/libdocket-dev",
                               "example_submit.c")
        pc = glob.glob(os.path.join(tree, "usr/lib/*/pkgconfig"))[0]
        with open(os.path.join(pc, "docket.pc"), "r+", encoding="ascii") as file:
            text = file.read().replace("prefix=/usr", "prefix=%s/usr" % tree, 1)
            file.seek(0)
            file.write(text)
        env = dict(os.environ, PKG_CONFIG_PATH=pc)
        flags = run("pkg-config", "--cflags", "--libs", "docket",
                    env=env).split()
        with open(example, encoding="utf-8") as file:
            text = re.sub(r'"proto/(\w+\.h)"', r"<docket/\1>", file.read())
        mine = os.path.join(self.folder, "mine.c")
        with open(mine, "w", encoding="utf-8") as file:
            file.write(text)
        program = os.path.join(self.folder, "mine")
        run("cc", "-o", program, mine, *flags)
        world = dkworld.World()
        self.addCleanup(world.close)
        world.broker.start()
        said = run(program, world.broker.clients, "路灯不亮",
                   "村口三盏路灯坏了两个月。")
        self.assertRegex(said, r"\d{6}-\d{8}-\d{6}-\d")
        # The same by CMake.
        project = os.path.join(self.folder, "project")
        os.mkdir(project)
        shutil.copy(mine, project)
        with open(os.path.join(project, "CMakeLists.txt"), "w",
                  encoding="ascii") as file:
            file.write("cmake_minimum_required(VERSION 3.25)\n"
                       "project(mine C)\nfind_package(docket 0.1 REQUIRED)\n"
                       "add_executable(mine mine.c)\n"
                       "target_link_libraries(mine docket::docket)\n")
        prefix = os.path.dirname(os.path.dirname(os.path.dirname(pc)))
        run("cmake", "-S", project, "-B", project + "/b",
            "-DCMAKE_PREFIX_PATH=" + prefix, env=env)
        run("cmake", "--build", project + "/b")


def has_overlay():
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for name in ("u", "w", "m"):
            os.mkdir(os.path.join(folder, name))
        return subprocess.run(
            ["unshare", "-m", "mount", "-t", "overlay", "overlay", "-o",
             "lowerdir=/,upperdir=%s/u,workdir=%s/w" % (folder, folder),
             folder + "/m"], capture_output=True, check=False).returncode == 0


# Runs in the Debian of its own, as root; "+" before what a step is.
LIFE = r"""
set -eu
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
old=/debs/old new=/debs/new
start() {
    setpriv --reuid docket --regid docket --init-groups \
        docketd --config /etc/docket/docketd.conf 2>/tmp/docketd.log &
    pid=$!
    # It waits for a connection, and then for the answer.
    docketctl --timeout 30000 ping || { cat /tmp/docketd.log; return 1; }
}
stop() { kill "$pid"; wait "$pid"; }

echo + install
dpkg --force-depends -i $old/docket-server_*.deb $old/docket-client_*.deb 2>&1 |
    grep -q 'set county'
! pgrep -x docketd
[ "$(stat -c '%a %U %G' /run/docket)" = '750 docket docket' ]
[ "$(stat -c '%a %U' /var/backups/docket)" = '700 docket' ]
install -d -o docket -g docket -m 700 /var/lib/docket # StateDirectory=
sed -i 's/^county = .*/county = 330698/' /etc/docket/docketd.conf
docketd --check-config

echo + run
start
docketctl --json submit --subject 路灯不亮 --facts 村口三盏路灯坏了两个月。 >/tmp/first
no=$(sed -E 's/.*"case_no":"([^"]*)".*/\1/' /tmp/first)
docketctl show "$no" | grep -q 路灯不亮
ls -l /var/lib/docket/seal.key | grep -q '^-r--------'

echo + upgrade
stop
dpkg --force-depends -i $new/docket-server_*.deb $new/docket-client_*.deb
grep -q 330698 /etc/docket/docketd.conf
start
docketctl show "$no" | grep -q 路灯不亮
docketctl verify
docketctl backup --into /var/backups/docket --keep 2
stop

echo + purge keeps the cases
dpkg --purge docket-server 2>&1 | grep -q 'is kept'
[ -s /var/lib/docket/docket.db ]
[ ! -e /etc/docket/docketd.conf ]

echo + purge with a yes
dpkg --force-depends -i $new/docket-server_*.deb >/dev/null 2>&1
echo 'docket-server docket-server/purge_data boolean true' | debconf-set-selections
dpkg --purge docket-server
[ ! -e /var/lib/docket ]
[ -n "$(ls /var/backups/docket)" ]
echo + done
"""


@unittest.skipUnless(has_overlay(), "needs root and overlayfs")
class Life(Case):
    def older(self, name):
        """The same package, as of an earlier version."""
        tree = os.path.join(self.folder, "old", name)
        os.makedirs(tree)
        run("dpkg-deb", "-R", self.debs[name], tree)
        control = os.path.join(tree, "DEBIAN", "control")
        with open(control, "r+", encoding="utf-8") as file:
            text = re.sub(r"(?m)^Version: .*", "Version: 0.0.9", file.read())
            file.seek(0)
            file.write(text)
            file.truncate()
        path = os.path.join(self.folder, "old", name + "_0.0.9_amd64.deb")
        run("dpkg-deb", "-Zgzip", "-z1", "-b", tree, path)
        return path

    def test_install_run_upgrade_purge(self):
        old = {name: self.older(name)
               for name in ("docket-server", "docket-client")}
        base = tempfile.mkdtemp(prefix="dk-root-", dir="/dev/shm")
        self.addCleanup(shutil.rmtree, base, True)
        for name in ("u", "w", "m"):
            os.mkdir(os.path.join(base, name))
        for age, debs in (("old", old), ("new", self.debs)):
            folder = os.path.join(base, "u", "debs", age)
            os.makedirs(folder)
            for path in debs.values():
                shutil.copy(path, folder)
        with open(os.path.join(base, "u", "debs", "life"), "w",
                  encoding="utf-8") as file:
            file.write(LIFE)
        script = (
            "set -e; cd {0}; mount -t overlay overlay -o "
            "lowerdir=/,upperdir={0}/u,workdir={0}/w {0}/m; "
            "mount -t proc proc {0}/m/proc; mount --rbind /dev {0}/m/dev; "
            "mount -t tmpfs tmpfs {0}/m/run; mount -t tmpfs tmpfs {0}/m/tmp; "
            "exec chroot {0}/m /bin/bash /debs/life").format(base)
        # A process namespace of its own: with its first process all end.
        done = subprocess.run(
            ["unshare", "-m", "-n", "-p", "--fork", "--kill-child", "/bin/sh",
             "-c", script], capture_output=True, check=False,
            timeout=180 * dkworld.STRETCH)
        out = done.stdout.decode("utf-8", "replace")
        self.assertIn("+ done", out, out[-2000:] +
                      done.stderr.decode("utf-8", "replace")[-4000:])
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
