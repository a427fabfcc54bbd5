"""capture.py INTERFACE FILE: writes every IP packet of an interface to a file, each behind its length, until it is ended.

It prints a line once nothing is missed any more.
"""

import signal
import socket
import struct
import sys
import time

interface, path = sys.argv[1:]
packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003))
packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
packets.bind((interface, 0))
packets.settimeout(0.1)
# When it is over: what is on its way until then is in the file.
end_at = float("inf")


def end(*_):
    global end_at
    end_at = time.monotonic() + 0.2


signal.signal(signal.SIGTERM, end)
with open(path, "wb") as file:
    print("capturing", flush=True)
    while time.monotonic() < end_at:
        try:
            packet = packets.recv(65536)
        except TimeoutError:
            continue
        if packet[12:14] == b"\x08\x00":
            file.write(struct.pack(">I", len(packet)) + packet)
