// A search of MLflow's: which items the request's filter lets through, and in which order.
import {
  type FilterSubject,
  order,
  parseFilter,
  parseOrdering,
  type Searched,
  satisfies,
} from "../tracking/filters.ts";
import { textsOf } from "./mlflow-protocol.ts";

/** The item's value of a field; undefined: none. */
export type Field<T> = (item: T, subject: FilterSubject) => string | number | undefined;

/**
 * Reads `filter` and `order_by` of a request, and gives what chooses among items. These come in the order that they have unless
 * the request says otherwise.
 * @throws FilterError for what cannot be searched
 */
export function searching<T>(
  sent: Readonly<Record<string, unknown>>,
  searched: Searched,
  field: Field<T>,
): (items: readonly T[]) => T[] {
  const clauses = parseFilter(sent["filter"] as string | undefined, searched);
  const orderings = textsOf(sent["order_by"]).map((one) => parseOrdering(one, searched));
  return (items) => {
    const found = items.filter((one) => clauses.every((clause) => satisfies(clause, field(one, clause))));
    order(found, orderings, field);
    return found;
  };
}
