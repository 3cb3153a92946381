import { html, nothing, type TemplateResult } from "lit";
import { groupModels, modelRef } from "../model_name.js";
import type { ModelRow } from "../wire_types.js";
import { PlainElement } from "./plain_element.js";

export class ModelPicker extends PlainElement {
  static override properties = {
    models: { attribute: false },
    current: { attribute: false },
    standard: { attribute: false },
    disabled: { attribute: false },
  };
  declare models: ModelRow[];
  declare current: string;
  /** What a session uses that has chosen nothing. */
  declare standard: string;
  declare disabled: boolean;

  constructor() {
    super();
    this.models = [];
    this.current = "";
    this.standard = "";
    this.disabled = false;
  }

  override render(): TemplateResult {
    const groups = groupModels(this.models);
    const listed = this.models.some((model) => modelRef(model.provider, model.id) === this.current);
    return html`<select class="model-picker" aria-label="Model" title=${this.current || "Model"} ?disabled=${this.disabled} @change=${this.choose}>
      ${listed ? nothing : html`<option .value=${this.current} selected>${this.current || "No model"}</option>`}
      ${this.standard && this.standard !== this.current
        ? html`<option value="">Default (${this.standard})</option>`
        : nothing}
      ${groups.map(
        (group) => html`<optgroup label=${group.provider}>
          ${group.models.map((model) => {
            const ref = modelRef(model.provider, model.id);
            return html`<option .value=${ref} ?selected=${ref === this.current}>${model.name || model.id}</option>`;
          })}
        </optgroup>`,
      )}
    </select>`;
  }

  protected override updated(): void {
    // The selected attribute only sets the first choice; afterwards the property counts.
    const select = this.querySelector("select");
    if (select && select.value !== this.current) select.value = this.current;
  }

  private choose(event: Event): void {
    const select = event.target as HTMLSelectElement;
    const detail = select.value;
    // The gateway may refuse; the new model is shown when it has taken it.
    select.value = this.current;
    this.dispatchEvent(new CustomEvent<string>("choose-model", { detail }));
  }
}

customElements.define("model-picker", ModelPicker);
