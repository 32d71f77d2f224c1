"""The mailbox page: every mail that came, for a person; as JSON, and with its switches, for tests."""

from flask import Flask, Response, jsonify, render_template_string, request

from sandbox.smtp.box import Box

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mailbox</title><style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 46rem; padding: 1rem; color: #222 }
article { border: 1px solid #ccc; border-radius: .5rem; margin: 1rem 0; padding: 0 1rem 1rem }
h2 { font-size: 1.1rem; margin-bottom: 0 } p { color: #555; margin: 0 } pre { white-space: pre-wrap; font: inherit }
iframe { width: 100%; min-height: 20rem; border: 0; border-top: 1px solid #ccc }
</style></head><body><h1>Mailbox</h1>
<p>Every mail that the connector sent, newest first. It went nowhere else.</p>
{% for mail in mails %}<article><h2 dir="auto">{{ mail.subject }}</h2>
<p>to {{ mail.to|join(', ') }}, from {{ mail['from'] }}, {{ mail.headers.Date }}</p>
<pre dir="auto">{{ mail.text|urlize }}</pre>
{% if mail.html %}<iframe sandbox title="the same as a page" srcdoc="{{ mail.html }}"></iframe>{% endif %}
</article>{% else %}<p>Nothing yet.</p>{% endfor %}</body></html>"""


def create_app(box: Box) -> Flask:
    """The page and the switches of one box."""
    app = Flask(__name__)

    @app.get("/")
    def page() -> Response:
        answer = Response(render_template_string(PAGE, mails=reversed(box.listed())))
        # a mail is somebody else's page: nothing in it may run or be fetched
        answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'"
        return answer

    @app.get("/mails")
    def mails() -> Response:
        return jsonify(box.listed())

    @app.post("/switch")
    def switch() -> Response:
        box.switch(request.get_json())
        return jsonify({})

    @app.post("/reset")
    def reset() -> Response:
        box.reset()
        return jsonify({})

    return app
