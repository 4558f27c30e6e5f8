"""An RTSP camera for tests: GStreamer's server, run by the system's Python.

    /usr/bin/python3 rtsp_server.py PORT WIDTHxHEIGHT RATE [USER:PASSWORD]

Prints `ready` when it listens. `/door` is H.264 of a test picture; `/sound` has no pictures;
`/changes` changes its size after two seconds.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

ENCODE = "x264enc tune=zerolatency speed-preset=ultrafast key-int-max={rate} threads=1"
PAY = "rtph264pay name=pay0 pt=96 config-interval=-1"
SOURCE = "videotestsrc is-live=true pattern=ball ! video/x-raw,width={width},height={height}"


def launch_lines(size: str, rate: int) -> dict[str, str]:
    width, height = size.split("x")
    picture = f"{SOURCE.format(width=width, height=height)},framerate={rate}/1"
    encode = ENCODE.format(rate=rate)
    return {
        "/door": f"( {picture} ! {encode} ! {PAY} )",
        "/sound": "( audiotestsrc is-live=true ! alawenc ! rtppcmapay name=pay0 pt=8 )",
        "/changes": f"( {picture} ! videoscale ! capsfilter name=size "
        f"caps=video/x-raw,width={width},height={height} ! {encode} ! {PAY} )",
    }


def change_size(factory: object, media: GstRtspServer.RTSPMedia) -> None:
    size = media.get_element().get_by_name("size")

    def change() -> bool:
        size.set_property("caps", Gst.Caps.from_string("video/x-raw,width=320,height=240"))
        return False

    GLib.timeout_add(2000, change)


def protect(server: GstRtspServer.RTSPServer, credentials: str) -> None:
    user, password = credentials.split(":")
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "guard")
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)


def main() -> None:
    port, size, rate, *credentials = sys.argv[1:]
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    if credentials:
        protect(server, credentials[0])
    for path, line in launch_lines(size, int(rate)).items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(line)
        factory.set_shared(True)
        if path == "/changes":
            factory.connect("media-configure", change_size)
        if credentials:
            permissions = GstRtspServer.RTSPPermissions()
            permissions.add_permission_for_role("guard", "media.factory.access", True)
            permissions.add_permission_for_role("guard", "media.factory.construct", True)
            factory.set_permissions(permissions)
        server.get_mount_points().add_factory(path, factory)
    assert server.attach(None), f"port {port} is taken"
    print("ready", flush=True)
    GLib.MainLoop().run()


main()
