import { z } from "zod";

/** A mapping with exactly one of these keys; becomes `{ name, settings }`. `remedy` says how to choose one. */
export function oneOf<Choices extends Readonly<Record<string, z.ZodType>>>(choices: Choices, remedy: string) {
  const names = Object.keys(choices);
  const shape = Object.fromEntries(Object.entries(choices).map(([name, settings]) => [name, settings.optional()]));
  return z
    .strictObject(shape)
    .refine((given) => chosen(given, names).length === 1, {
      error: ({ input }) => {
        const several = chosen(input as object, names);
        return several.length === 0
          ? "is missing"
          : `names ${several.length} (${several.join(", ")}): exactly one is allowed`;
      },
      params: { remedy },
      // Told together with what is wrong inside; but a misspelt name is told as such.
      when: ({ value }) =>
        typeof value === "object" && value !== null && Object.keys(value).every((name) => names.includes(name)),
    })
    .meta({ minProperties: 1, maxProperties: 1 })
    .transform((given) => {
      const [name] = chosen(given, names);
      return { name, settings: given[name as string] } as {
        readonly [Name in keyof Choices]: { readonly name: Name; readonly settings: z.output<Choices[Name]> };
      }[keyof Choices];
    });
}

function chosen(given: object, names: readonly string[]): readonly string[] {
  return names.filter((name) => (given as Readonly<Record<string, unknown>>)[name] !== undefined);
}
