import { z } from "zod";

/** A mapping with exactly one of these keys; becomes `{ name, settings }`. `remedy` says what to do when there is none. */
export function oneOf<Choices extends Readonly<Record<string, z.ZodType>>>(choices: Choices, remedy: string) {
  const names = Object.keys(choices);
  const shape = Object.fromEntries(Object.entries(choices).map(([name, settings]) => [name, settings.optional()]));
  // Told together with what is wrong inside; but a misspelt name is told as such.
  const when = ({ value }: { readonly value: unknown }): boolean =>
    typeof value === "object" && value !== null && Object.keys(value).every((name) => names.includes(name));
  return z
    .strictObject(shape)
    .refine((given) => chosen(given, names).length > 0, { error: "is missing", params: { remedy }, when })
    .refine((given) => chosen(given, names).length < 2, {
      error: ({ input }) => `names ${chosen(input as object, names).join(" and ")}: exactly one is allowed`,
      params: { remedy: "keep one of them" },
      when,
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
