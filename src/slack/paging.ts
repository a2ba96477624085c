import { isObject, type Page } from "./answer.ts";

/** The `paging` object of a classic listing, as far as it can be read. Any of it may be missing. */
export interface Paging {
  readonly total?: number;
  readonly pages?: number;
}

export function pagingOf({ body }: Page): Paging {
  const paging = body["paging"];
  if (!isObject(paging)) return {};
  const total = whole(paging["total"]);
  const pages = whole(paging["pages"]);
  return { ...(total === undefined ? {} : { total }), ...(pages === undefined ? {} : { pages }) };
}

function whole(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}
