// Keeps the page fresh without a reload: what stands in <main> is fetched again and put in place
// when it has changed. Without scripts the page still reads the same, as of when it was opened.
const every = 3000;

async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = document.querySelector("main");
    const then = page.querySelector("main");
    if (answer.ok && then && then.innerHTML !== now.innerHTML) {
      const focused = document.activeElement?.getAttribute("href");
      now.replaceChildren(...then.childNodes);
      if (focused) [...now.querySelectorAll("a")].find((a) => a.getAttribute("href") === focused)?.focus();
    }
    document.body.classList.toggle("away", !answer.ok);
  } catch {
    document.body.classList.add("away");
  }
}

setInterval(refresh, every);
