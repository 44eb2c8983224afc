/* <wechat-pay data-terms data-done>: its button asks WeChat's own browser to pay, once when the page opens and again
   when it is pressed. What became of it is asked of the server at `data-done`. */

class WechatPay extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", this.pay);
    if (window.WeixinJSBridge) this.pay();
    else document.addEventListener("WeixinJSBridgeReady", this.pay, { once: true });
  }

  pay = () => {
    if (!window.WeixinJSBridge) return;
    window.WeixinJSBridge.invoke("getBrandWCPayRequest", JSON.parse(this.dataset.terms), (answer) => {
      if (answer.err_msg === "get_brand_wcpay_request:ok") window.location.assign(this.dataset.done);
    });
  };
}

customElements.define("wechat-pay", WechatPay);
