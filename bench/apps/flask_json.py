"""JSON, with a parameter in the path."""
from flask import Flask

application = Flask(__name__)


@application.get("/items/<int:number>")
def item(number):
    return {"id": number, "name": f"item {number}", "tags": ["a", "b", "c"]}
