// A kind of document as one object: how it is recognised, read and translated, what may change of it, where its secrets lie.
// Tests: test/lib/documents/language/references.test.ts
import { type ParseOptions, readDocument, type Write } from "./document.ts";
import type { DocumentKind, Recognition } from "./kind.ts";
import type { AssetKind, Resolver } from "./resolver.ts";
import type { Shape } from "./shape.ts";
import type { SourceFile } from "./source.ts";

/** The step's settings for the job of a document. */
export interface WriteOptions {
  /** The job's name, which identifies it for good. Wins over the document's. A function is called after everything else is known. */
  readonly name?: string | (() => string) | undefined;
  /** The default if the document names no experiment. */
  readonly experimentName?: string | undefined;
  /** Wins over the document's; the job's name if neither is given. */
  readonly displayName?: string | undefined;
  /** Added to the document's; a tag of the same name wins over it. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, string>>;
}

/** A translation's part of a write; the kind has the rest. */
export type Content = Omit<Write, "method" | "apiVersion">;

/** A resource as far as its credentials are looked for. */
interface Body {
  readonly properties?: Readonly<Record<string, unknown>> | null;
}

/** Properties of a kind's resources in Azure. */
export interface Handling {
  /** The collection name in references to the kind: `environments`, `computes`. */
  readonly collection?: AssetKind | "computes" | "datastores";
  /** A versioned asset: what it holds never changes under a version, but for these paths below `properties`, `a` or `a.b`. */
  readonly asset?: { readonly mayChange: readonly string[] };
  /** The service does not return its whole content: two resources are equal if the hashes in their properties are. */
  readonly keepsHash?: boolean;
  /** Its credentials: where they lie in its body, and in the answer of a POST below its path, for reading it does not tell them. */
  readonly secrets?: { readonly ask: string; wantedIn(body: Body): unknown; heldIn(answer: unknown): unknown };
  /** Fields of a document for which a new resource gets a default, and where that lies in the body: one that is there keeps its own. */
  readonly whenNew?: Readonly<Record<string, "authMode" | "identity">>;
  /** It is no resource but work that is done once: a job with a name that says what it does. */
  readonly runsOnce?: boolean;
}

/** A kind of document. Declared by `defineKind` in the file of the kind; `npm run generate` puts it into the list of all. */
export interface Kind<T extends object = object, W extends Write = Write> extends Recognition, Handling {
  readonly name: DocumentKind;
  /** Its place in the list of all kinds: Apply makes documents in this order, what is referred to before what refers to it. */
  readonly order: number;
  /** Reads a document; throws all faults of the file at once. */
  parse(file: SourceFile, options?: ParseOptions): T;
  /** The write of a document; what it refers to inline, or brings from this machine, is uploaded and registered first. */
  translate(document: T, resolver: Resolver, options?: WriteOptions): Promise<W>;
}

interface Declaration<T extends object, C extends Content>
  extends Handling,
    Omit<Recognition, "name">,
    Pick<Kind<T>, "name" | "order"> {
  /** One shape, or which of several a file has. */
  readonly shape: Shape<T> | ((file: SourceFile) => Shape<T>);
  /** At which its documents are written. */
  readonly apiVersion: string | ((document: T) => string);
  write(document: T, resolver: Resolver, options: WriteOptions): Promise<C>;
}

export function defineKind<T extends object, C extends Content>(declared: Declaration<T, C>): Kind<T, C & Write> {
  const { shape, apiVersion, write, ...kind } = declared;
  return {
    ...kind,
    parse: (file, options) =>
      readDocument(file, typeof shape === "function" ? shape(file) : shape, declared.name, options),
    translate: async (document, resolver, options = {}) => ({
      ...(await write(document, resolver, options)),
      method: "PUT",
      apiVersion: typeof apiVersion === "function" ? apiVersion(document) : apiVersion,
    }),
  };
}

/** Of every version of an asset these may change; the rest is what the version is. */
export const MAY_CHANGE = ["description", "tags", "isArchived", "stage", "properties"];
