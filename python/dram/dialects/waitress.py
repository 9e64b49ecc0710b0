"""Waitress's dialect in Python: the order of sys.path, and what its environ has beside ours."""
from ..extension import Quiet


class Extension(Quiet):
    def __init__(self, options, config, paths):
        super().__init__(options, config, paths)
        self.own = {"SERVER_SOFTWARE": options["ident"]} if options["ident"] else {}

    def arrange_path(self, folder, pythonpath, paths):
        """As waitress-serve has it: the working folder comes last, so what is installed wins."""
        return [*pythonpath, *paths, folder]

    def wrap(self, application):
        own = self.own

        def waitress(environ, start_response):
            environ.update(own)
            environ["waitress.client_disconnected"] = environ["dram.client_disconnected"]
            if not environ["REMOTE_ADDR"]:
                environ["REMOTE_ADDR"] = "localhost"      # the peer of a Unix socket
            environ["REMOTE_HOST"] = environ["REMOTE_ADDR"]
            path = environ["PATH_INFO"]
            if path.startswith("//"):
                environ["PATH_INFO"] = "/" + path.lstrip("/")
            return application(environ, start_response)

        return waitress
