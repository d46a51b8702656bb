const values = JSON.parse(document.getElementById("values").textContent);
const stage = document.getElementById("stage");
const trouble = document.getElementById("trouble");
const showTrouble = () => {
  delete stage.dataset.inside;
  trouble.hidden = false;
};

try {
  const { default: WebRTC } = await import(values.script);
  const room = new WebRTC(undefined, stage);
  room.addEventListener("disconnected", showTrouble);
  room.alias = values.alias; // before the token, or nobody sees the name
  await room.create(values.accessToken);
  stage.dataset.inside = "true";
} catch {
  showTrouble();
}
