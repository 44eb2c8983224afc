"""What the middleware leaves on a request inside a community, for those who read types."""

from paideia.access.viewer import Viewer
from paideia.communities import doors


class Request(doors.Request):
    viewer: Viewer
