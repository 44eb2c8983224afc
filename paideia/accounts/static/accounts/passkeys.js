// Passkeys: <passkey-form> around a form with a hidden `credential` field.
//   data-kind="create" | "get"; data-options: JSON from the server, or data-options-url to fetch it from.
// Without JavaScript, or where the browser knows no passkeys, the element stays hidden.

const bytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (character) => character.charCodeAt(0));
};
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const described = (list = []) => list.map((each) => ({ ...each, id: bytes(each.id) }));

function creation({ publicKey }, alone) {
  const wanted = { ...publicKey.authenticatorSelection };
  wanted.residentKey = alone ? "required" : "discouraged";
  wanted.requireResidentKey = alone;
  if (alone) wanted.userVerification = "required";
  return {
    ...publicKey,
    challenge: bytes(publicKey.challenge),
    user: { ...publicKey.user, id: bytes(publicKey.user.id) },
    excludeCredentials: described(publicKey.excludeCredentials),
    authenticatorSelection: wanted,
  };
}

function request({ publicKey }) {
  return {
    ...publicKey,
    challenge: bytes(publicKey.challenge),
    allowCredentials: described(publicKey.allowCredentials),
  };
}

function plain(credential) {
  const response = { clientDataJSON: text(credential.response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"])
    if (credential.response[name]) response[name] = text(credential.response[name]);
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment,
    response,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

customElements.define(
  "passkey-form",
  class extends HTMLElement {
    connectedCallback() {
      if (!window.PublicKeyCredential || /^[\d.]+$|^\[/.test(location.hostname)) return; // no passkeys for bare addresses
      this.hidden = false;
      this.form = this.querySelector("form");
      this.form.addEventListener("submit", (event) => {
        if (this.ready) return;
        event.preventDefault();
        this.ask();
      });
    }

    async ask() {
      const said = this.querySelector("[data-said]");
      said.textContent = "";
      try {
        const options = this.dataset.optionsUrl ? await this.fetched() : JSON.parse(this.dataset.options);
        const alone = this.form.elements.passwordless?.checked ?? false;
        const credential =
          this.dataset.kind === "create"
            ? await navigator.credentials.create({ publicKey: creation(options, alone) })
            : await navigator.credentials.get({ publicKey: request(options) });
        this.form.elements.credential.value = JSON.stringify(plain(credential));
        this.ready = true;
        this.form.submit();
      } catch (error) {
        console.warn(error);
        said.textContent = error.name === "InvalidStateError" ? this.dataset.known : this.dataset.failed;
      }
    }

    async fetched() {
      const answer = await fetch(this.dataset.optionsUrl, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`${answer.status}`);
      return (await answer.json()).request_options;
    }
  },
);
