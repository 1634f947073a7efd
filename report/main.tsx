/** The page's script: it shows what is in the page, and what the reader gives it. */
import { render } from "preact";
import { findEmbedded } from "./embedded.ts";
import { App } from "./view/app.tsx";

document.addEventListener("DOMContentLoaded", () => {
  const page = document.getElementById("page")!;
  page.replaceChildren();
  render(<App embedded={findEmbedded()} />, page);
});
