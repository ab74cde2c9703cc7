import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import type { OpenApiDocument } from '../document';

export interface LiveResponse {
  readonly method: string;
  /** With or without a query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: string;
}

const ROOT = 'openapi';

/** For tests: says how live responses depart from the document. */
export class Conformance {
  private readonly ajv = new Ajv2020({ allErrors: true, strict: false });
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(private readonly document: OpenApiDocument) {
    this.ajv.addSchema(document, ROOT);
  }

  /** The path of the document that stands for this one: literal ones first, as the router has them. */
  templateOf(path: string): string | undefined {
    const [plain = ''] = path.split('?', 1);
    if (Object.hasOwn(this.document.paths, plain)) return plain;
    return Object.keys(this.document.paths).find((template) =>
      new RegExp(`^${template.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+')}$`).test(
        plain,
      ),
    );
  }

  /** Sentences; empty when the response is as documented. */
  faultsOf({ method, path, status, contentType = '', body }: LiveResponse): readonly string[] {
    const template = this.templateOf(path);
    const operation =
      template === undefined ? undefined : this.document.paths[template]?.[method.toLowerCase()];
    if (template === undefined || operation === undefined) return [`${method} ${path} is not documented`];
    const named = Object.hasOwn(operation.responses, String(status)) ? String(status) : 'default';
    if (named === 'default' && status < 400)
      return [`${method} ${path} answered ${status}, which is not documented`];
    const content = operation.responses[named]?.content ?? {};
    if (Object.keys(content).length === 0) return body === '' ? [] : [`${method} ${path} has a body`];
    const [type = ''] = contentType.split(';', 1);
    if (!Object.hasOwn(content, type))
      return [`${method} ${path} answered ${status} with ${type || 'no type'}`];
    if (type !== 'application/json') return [];
    const pointer = ['paths', template, method.toLowerCase(), 'responses', named, 'content', type, 'schema'];
    const validate = this.validator(pointer);
    return validate(JSON.parse(body))
      ? []
      : (validate.errors ?? []).map(
          ({ instancePath, message, params }) =>
            `${method} ${path} ${status}: ${instancePath || '/'} ${message ?? ''} ${JSON.stringify(params)}`,
        );
  }

  private validator(pointer: readonly string[]): ValidateFunction {
    const fragment = pointer
      .map((part) => encodeURIComponent(part.replace(/~/g, '~0').replace(/\//g, '~1')))
      .join('/');
    const known = this.validators.get(fragment);
    if (known !== undefined) return known;
    const made = this.ajv.compile({ $ref: `${ROOT}#/${fragment}` });
    this.validators.set(fragment, made);
    return made;
  }
}
