/** The page's script: it shows what is in the page, and what the reader gives it. */
import { render } from "preact";
import { findEmbedded } from "./embedded.ts";
import { App } from "./view/app.tsx";

const root = document.documentElement;
// A server's policy may allow the script, and forbid the style: then the page says that, as it says
// why no script ran.
if (getComputedStyle(root).getPropertyValue("--paper") !== "") {
  root.classList.add("starting");
  document.addEventListener("DOMContentLoaded", start);
}

function start(): void {
  const page = document.getElementById("page")!;
  page.replaceChildren();
  root.classList.remove("starting");
  render(<App embedded={findEmbedded()} />, page);
}
