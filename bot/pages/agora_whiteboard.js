const values = JSON.parse(document.getElementById("values").textContent);
const stage = document.getElementById("stage");
const trouble = document.getElementById("trouble");
const showTrouble = () => {
  delete stage.dataset.inside;
  trouble.hidden = false;
};
const load = (address) => new Promise((resolve, reject) => {
  const script = document.createElement("script");
  script.src = address;
  script.onload = resolve;
  script.onerror = reject;
  document.head.append(script);
});

try {
  await load(values.script);
  const sdk = new WhiteWebSdk.WhiteWebSdk({ appIdentifier: values.appIdentifier, region: values.region });
  const told = {
    uuid: values.uuid,
    roomToken: values.roomToken,
    uid: values.uid,
    isWritable: values.isWritable === "true",
    userPayload: { nickName: values.shownName },
  };
  const room = await sdk.joinRoom(told, { onDisconnectWithError: showTrouble, onKickedWithReason: showTrouble });
  const board = document.createElement("div");
  stage.append(board);
  room.bindHtmlElement(board);
  stage.dataset.inside = "true";
} catch {
  showTrouble();
}
