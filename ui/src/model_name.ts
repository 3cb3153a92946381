import type { ModelRow } from "./wire_types.js";

export function modelRef(provider: string | null | undefined, model: string | null | undefined): string {
  if (!model) return "";
  return provider ? `${provider}/${model}` : model;
}

export interface ModelGroup {
  provider: string;
  models: ModelRow[];
}

export function groupModels(models: ModelRow[]): ModelGroup[] {
  const groups = new Map<string, ModelRow[]>();
  for (const model of models) {
    if (!model?.id || !model.provider) continue;
    const group = groups.get(model.provider);
    if (group) group.push(model);
    else groups.set(model.provider, [model]);
  }
  return [...groups].map(([provider, rows]) => ({ provider, models: rows }));
}
