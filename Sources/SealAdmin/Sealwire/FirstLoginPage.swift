// SPDX-License-Identifier: Apache-2.0
// The page that a one-time link opens in a browser. The token stands behind the `#`, which
// browsers do not send; the script hands it to the call.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// The page and its script.
enum FirstLoginPage {
    static let operations: [Operation] = [
        operation("getFirstLoginPage", "/first-login", "The page of a one-time link.", page, html),
        operation(
            "getFirstLoginScript",
            "/first-login.js",
            "The script of the page of a one-time link.",
            script,
            javaScript
        ),
    ]

    private static let html = MediaType(known: "text/html")
    private static let javaScript = MediaType(known: "text/javascript")

    /// Nothing from elsewhere, in no frame.
    private static let policy =
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; "
        + "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

    private static func operation(
        _ id: String,
        _ path: String,
        _ summary: String,
        _ text: String,
        _ type: MediaType
    ) -> Operation {
        Operation(
            id,
            .get,
            path,
            family: .sealwire,
            tag: "Accounts",
            summary,
            .anyone,
            answers: [Answer(.ok, "The text.", types: [type])]
        ) { _ throws(APIError) in
            Response(
                .ok,
                fields: [
                    "Content-Type": "\(type.name); charset=utf-8",
                    "Content-Security-Policy": policy,
                    "Referrer-Policy": "no-referrer",
                ],
                body: Array(text.utf8)
            )
        }
    }

    private static let page = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Sealwire: set a password</title>
        <style>
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 28rem; margin: 4rem auto;
               padding: 0 1rem; }
        label, input, button { display: block; width: 100%; box-sizing: border-box; }
        input, button { font: inherit; padding: .5rem; margin: .25rem 0 1rem; }
        </style>
        </head>
        <body>
        <h1>Set your password</h1>
        <form id="form">
        <label for="password">New password, at least 8 characters</label>
        <input id="password" type="password" minlength="8" maxlength="1024" required
               autocomplete="new-password" autofocus>
        <label for="again">The same again</label>
        <input id="again" type="password" required autocomplete="new-password">
        <button>Set it</button>
        </form>
        <p id="message" role="status"></p>
        <script src="/first-login.js"></script>
        </body>
        </html>

        """

    private static let script = """
        "use strict";
        const form = document.getElementById("form");
        const message = document.getElementById("message");
        const token = location.hash.slice(1);
        history.replaceState(null, "", location.pathname);
        form.addEventListener("submit", async (event) => {
          event.preventDefault();
          const password = document.getElementById("password").value;
          if (password !== document.getElementById("again").value) {
            message.textContent = "The two differ.";
            return;
          }
          const answer = await fetch("/api/v1/first-login", {
            method: "POST",
            headers: { "Content-Type": "application/json", "Accept": "application/json" },
            body: JSON.stringify({ token, password }),
          });
          const body = await answer.json().catch(() => ({}));
          if (answer.ok) {
            form.hidden = true;
            message.textContent =
              "Done. Your user name is " + body.tenant + "/" + body.user + ".";
          } else {
            message.textContent = body.detail || body.message || "It did not work.";
          }
        });

        """
}
