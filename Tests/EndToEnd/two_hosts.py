"""Two hosts as network namespaces with a cable between them, which only root may make, and a certificate authority of their own."""

import atexit
import ctypes
import fcntl
import os
import pathlib
import select
import struct
import subprocess
import tempfile
import threading

NEAR, FAR = "10.77.0.1", "10.77.0.2"
CLONE_NEWNET, TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x40000000, 0x400454CA, 0x1, 0x1000


def run(*words, **options):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True, **options)


def open_interface(namespace):
    """The packets of a new interface `cable` in a namespace."""
    result = []

    def enter_and_open():
        # A namespace is entered by a thread, which ends with it.
        with open(f"/run/netns/{namespace}") as file:
            if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
                return
        try:
            descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
            fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", b"cable", IFF_TUN | IFF_NO_PI))
            result.append(descriptor)
        except OSError:
            pass

    thread = threading.Thread(target=enter_and_open)
    thread.start()
    thread.join()
    if not result:
        raise OSError("no network interface can be made by /dev/net/tun")
    return result[0]


class TwoHosts:
    """The near host, where londid runs, and the far one. Nothing of either is reached from outside.
    Throws OSError or CalledProcessError where this machine does not allow for them."""

    def __init__(self):
        self.near, self.far = f"londi-near-{os.getpid()}", f"londi-far-{os.getpid()}"
        self.is_cut = False
        self.ends = []
        atexit.register(self.remove)
        for name, address in ((self.near, NEAR), (self.far, FAR)):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
            self.ends.append(open_interface(name))
            run("ip", "-n", name, "address", "add", f"{address}/24", "dev", "cable")
            run("ip", "-n", name, "link", "set", "cable", "up")
        threading.Thread(target=self.carry, daemon=True).start()

    def carry(self):
        """Takes each packet to the other side, unless the cable is cut: then it is lost, and nobody is told."""
        near, far = self.ends
        while True:
            for end in select.select(self.ends, [], [])[0]:
                packet = os.read(end, 65536)
                if not self.is_cut:
                    os.write(far if end == near else near, packet)

    def start(self, name, words, log):
        """A program on one of the hosts."""
        with open(log, "ab") as file:
            return subprocess.Popen(
                ["ip", "netns", "exec", name, *map(str, words)], stdin=subprocess.DEVNULL, stdout=file, stderr=file)

    def remove(self):
        for name in (self.near, self.far):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)


class Authority:
    """Signs certificates for servers."""

    def __init__(self, name="Londi's tests"):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="londi-ca-"))
        self.certificate = self.directory / "ca.pem"
        run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
            f"/CN={name}", "-keyout", self.directory / "ca.key", "-out", self.certificate)
        (self.directory / "index.txt").touch()
        (self.directory / "ca.conf").write_text(f"""[ca]
default_ca = own
[own]
database = {self.directory}/index.txt
rand_serial = yes
new_certs_dir = {self.directory}
certificate = {self.certificate}
private_key = {self.directory}/ca.key
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
""")

    def sign(self, name, host, begin="20200101000000Z", end="20990101000000Z"):
        """A certificate and its key, in one PEM file, for `DNS:` a name or `IP:` an address."""
        key, request, certificate, whole = (self.directory / f"{name}.{ending}" for ending in ("key", "csr", "crt", "pem"))
        run(
            "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
            "-addext", f"subjectAltName={host}", "-keyout", key, "-out", request)
        run(
            "openssl", "ca", "-batch", "-config", self.directory / "ca.conf", "-startdate", begin, "-enddate", end, "-notext", "-in",
            request, "-out", certificate)
        whole.write_text(key.read_text() + certificate.read_text())
        return whole
