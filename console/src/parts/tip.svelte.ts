/** The one definition that is shown at a time, beside what it defines. */

const LINGER_MS = 150;

class Tip {
  text = $state("");
  beside = $state.raw<Element | null>(null);
  #timer = 0;

  show(text: string, beside: Element): void {
    this.stay();
    this.text = text;
    this.beside = beside;
  }

  /** Hide in a moment: the pointer may be on its way into the definition. */
  leave(): void {
    this.stay();
    this.#timer = window.setTimeout(() => this.hide(), LINGER_MS);
  }

  stay(): void {
    window.clearTimeout(this.#timer);
  }

  hide(): void {
    this.stay();
    this.text = "";
  }
}

export const tip = new Tip();
