// Without it, what is to be copied can still be selected by hand.
const said = document.getElementById("said");
for (const button of document.querySelectorAll("[data-copies]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copies);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      said.textContent = "Copied.";
    } catch {
      said.textContent = "Your browser does not let a page copy. The text is selected: copy it with the keyboard.";
    }
    setTimeout(() => { said.textContent = ""; }, 4000);
  });
}
