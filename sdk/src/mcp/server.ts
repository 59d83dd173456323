import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  fromJsonSchema,
  inputRequired,
  McpServer,
  type CallToolResult,
  type InputRequiredResult,
  type JsonSchemaType,
  type StandardSchemaWithJSON,
} from '@modelcontextprotocol/server';
import type { Tool } from '../agent/tools/index.js';
import { codes, CosmicError } from '../errors.js';
import type { JsonSchema } from '../schema/index.js';
import { registerResources, type ResourceParts } from './resources.js';

export interface ServerParts {
  readonly version: string;
  readonly tools: readonly Tool[];
  readonly resources: ResourceParts;
  /** What an assistant is told of the whole; nothing of others stands in it. */
  readonly instructions: string;
  /** Asked before the first publication; absent: whoever asks has signed already, and is not asked. */
  readonly consent?: Consent;
  /** Whose share of turns calls take, where several ask. */
  readonly who?: string;
}

export interface Consent {
  /** Does what is published leave this machine? */
  isPublic(): Promise<boolean>;
  /** The user agreed, beforehand or when asked. */
  agreed: boolean;
}

const QUESTION =
  'What an agent remembers here is published: signed with your key, copied to other nodes, and not to be taken back everywhere. May it publish?';

/** Compiled once for each schema: a server lives for one request of HTTP. */
const compiled = new WeakMap<JsonSchema, StandardSchemaWithJSON<Record<string, unknown>>>();

function schemaOf(schema: JsonSchema): StandardSchemaWithJSON<Record<string, unknown>> {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const made = withShortFaults(fromJsonSchema<Record<string, unknown>>(schema as JsonSchemaType));
  compiled.set(schema, made);
  return made;
}

const FAULT_CHARS = 500;

/** The validator names every fault: of arguments with thousands of them the answer would be longer than what was asked. */
function withShortFaults(
  made: StandardSchemaWithJSON<Record<string, unknown>>,
): StandardSchemaWithJSON<Record<string, unknown>> {
  const standard = made['~standard'];
  return {
    '~standard': {
      ...standard,
      validate: async (value, options) => {
        const found = await standard.validate(value, options);
        if (found.issues === undefined) return found;
        const text = found.issues.map(({ message }) => message).join(', ');
        return { issues: [{ message: text.length > FAULT_CHARS ? `${text.slice(0, FAULT_CHARS)}…` : text }] };
      },
    },
  };
}

/** One server with all tools and resources: for a connection of standard input and output, or for one request. */
export function createServer(parts: ServerParts, { canSubscribe }: { readonly canSubscribe: boolean }): McpServer {
  const server = new McpServer(
    { name: 'cosmicembeddings', version: parts.version },
    { instructions: parts.instructions, capabilities: { resources: { subscribe: canSubscribe } } },
  );
  registerResources(server, parts.resources);
  for (const tool of parts.tools) {
    server.registerTool(
      tool.name,
      {
        title: tool.title,
        description: tool.description,
        inputSchema: schemaOf(tool.input),
        outputSchema: schemaOf(tool.output),
        annotations: {
          readOnlyHint: tool.readOnly,
          destructiveHint: tool.destructive,
          idempotentHint: tool.idempotent,
          openWorldHint: true,
        },
      },
      async (args, context): Promise<CallToolResult | InputRequiredResult> => {
        const { consent } = parts;
        if (!tool.readOnly && consent !== undefined && !consent.agreed && (await consent.isPublic())) {
          const answer = acceptedContent<{ publish?: boolean }>(context.mcpReq.inputResponses, 'consent');
          if (answer?.publish !== true) {
            const asked = context.mcpReq.inputResponses !== undefined;
            if (asked) return failure(new CosmicError('mcp.consent_needed', 'the user did not agree'));
            const able = clientCapabilities(context.mcpReq.envelope) ?? server.server.getClientCapabilities();
            return able?.elicitation === undefined
              ? failure(new CosmicError('mcp.consent_needed', 'this client cannot ask the user'))
              : askConsent();
          }
          consent.agreed = true;
        }
        return call(tool, args, context.mcpReq.signal, parts.who);
      },
    );
  }
  return server;
}

/** What the client said it can, in the revisions where each request says it. */
function clientCapabilities(envelope: unknown): { readonly elicitation?: unknown } | undefined {
  return (envelope as Readonly<Record<string, { elicitation?: unknown }>> | undefined)?.[CLIENT_CAPABILITIES_META_KEY];
}

function askConsent(): InputRequiredResult {
  return inputRequired({
    inputRequests: {
      consent: inputRequired.elicit({
        message: QUESTION,
        requestedSchema: {
          type: 'object',
          properties: { publish: { type: 'boolean', title: 'Publish', description: 'Yes, it may publish' } },
          required: ['publish'],
        },
      }),
    },
  });
}

async function call(
  tool: Tool,
  args: Record<string, unknown>,
  signal: AbortSignal,
  who: string | undefined,
): Promise<CallToolResult> {
  try {
    const { text, structured } = await tool.run(args, signal, who);
    return { content: [{ type: 'text', text }], structuredContent: { ...structured } };
  } catch (error) {
    if (error instanceof CosmicError) return failure(error);
    throw error;
  }
}

/** What to do stands in the text, for a model; code and detail in `_meta`, for a program. */
function failure({ code, detail }: CosmicError): CallToolResult {
  const { advice, meaning } = codes[code];
  return {
    isError: true,
    content: [{ type: 'text', text: `${code}: ${detail || meaning} ${advice}` }],
    _meta: { 'cosmicembeddings/problem': { code, detail, advice } },
  };
}
