import type { ModelRow } from "./wire_types.js";

export function modelRef(provider: string | null | undefined, model: string | null | undefined): string {
  if (!model) return "";
  return provider ? `${provider}/${model}` : model;
}

/**
 * The listed model that a session's row means. Rows may carry the name a provider answers under, which often is the
 * asked-for name with a date behind it; a provider with a single model can only mean that one.
 */
export function listedModel(models: ModelRow[], provider: string, name: string): string {
  const own = models.filter((model) => model.provider === provider).map((model) => model.id);
  if (own.includes(name)) return name;
  const longest = own.filter((id) => name.startsWith(`${id}-`)).sort((a, b) => b.length - a.length)[0];
  return longest ?? (own.length === 1 ? own[0]! : name);
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
