/** What machines may ask of this server. By hand: there are few such routes, and a test holds each to its word. */
const text = (description: string) => ({ description, schema: { type: 'string' } })
const json = (description: string, schema: object = { type: 'object' }) => ({
  '200': { description, content: { 'application/json': { schema } } },
})
const notFound = {
  '404': {
    description: 'No such market, stall or day.',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
  },
}
const market = {
  name: 'market',
  in: 'path',
  required: true,
  ...text('The market’s code, as in its addresses.'),
}
const businessDay = {
  name: 'businessDay',
  in: 'path',
  required: true,
  ...text('A day that is over in the market’s own hours, like 2026-11-21; or `latest`.'),
}
const count = { type: ['integer', 'null'], minimum: 0 }
const counts = {
  operating: { type: 'integer', minimum: 0 },
  agreed: count,
  held: count,
  printed: count,
  everPaid: count,
  active30d: count,
  regular: count,
  withheld: { enum: ['fewer_than_10_stalls', 'protects_another', null] },
}
const required = Object.keys(counts)

export const OPENAPI = {
  openapi: '3.1.0',
  info: {
    title: 'Chợ 4.0',
    version: '1',
    description:
      'Daily adoption figures of a market, signed; the public code of a stall. Counts of stalls only: no money, and no count that tells of fewer than ten stalls.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  paths: {
    '/data/{market}/{businessDay}.json': {
      get: {
        operationId: 'getSnapshot',
        summary: 'The market’s figures of a day. Once published they never change.',
        parameters: [market, businessDay],
        responses: { ...json('The figures.', { $ref: '#/components/schemas/Snapshot' }), ...notFound },
      },
    },
    '/data/{market}/{businessDay}.csv': {
      get: {
        operationId: 'getSnapshotTable',
        summary: 'The same as a table: UTF-8 with BOM, RFC 4180, one row for the market and one a section.',
        parameters: [market, businessDay],
        responses: {
          '200': { description: 'The table.', content: { 'text/csv': { schema: { type: 'string' } } } },
          ...notFound,
        },
      },
    },
    '/data/{market}/{businessDay}.jws': {
      get: {
        operationId: 'getSignedSnapshot',
        summary: 'The same JSON, byte for byte, as a compact JWS (EdDSA, Ed25519); `kid` names the key.',
        parameters: [market, businessDay],
        responses: {
          '200': { description: 'The JWS.', content: { 'application/jose': { schema: { type: 'string' } } } },
          ...notFound,
        },
      },
    },
    '/data/definitions.json': {
      get: {
        operationId: 'getDefinitions',
        summary: 'How each figure is counted, with the version every snapshot names.',
        responses: json('The definitions.'),
      },
    },
    '/.well-known/jwks.json': {
      get: {
        operationId: 'getKeys',
        summary: 'The public keys snapshots are signed with, retired ones included.',
        responses: json('A JSON Web Key Set.'),
      },
    },
    '/s/{stallCode}/vietqr': {
      get: {
        operationId: 'getStallCode',
        summary: 'The payload of a stall’s own VietQR code.',
        parameters: [
          { name: 'stallCode', in: 'path', required: true, ...text('The code printed on the stall’s card.') },
          { name: 'amount', in: 'query', required: false, ...text('Whole đồng to ask for: 50000.') },
        ],
        responses: {
          ...json('The payload.', {
            type: 'object',
            required: ['payload'],
            properties: { payload: { type: 'string' } },
          }),
          ...notFound,
        },
      },
    },
    '/healthz': { get: { operationId: 'isAlive', summary: 'It lives.', responses: json('Yes.') } },
    '/readyz': {
      get: {
        operationId: 'isReady',
        summary: 'A notification would reach the disk.',
        responses: {
          ...json('Yes.'),
          '503': { description: 'No.', content: { 'application/json': { schema: { type: 'object' } } } },
        },
      },
    },
    '/openapi.json': {
      get: { operationId: 'getOpenApi', summary: 'This description.', responses: json('OpenAPI 3.1.') },
    },
  },
  components: {
    schemas: {
      Snapshot: {
        type: 'object',
        required: ['schema', 'demo', 'market', 'businessDay', 'definitionsVersion', 'whole', 'sections'],
        properties: {
          schema: { const: 'cho-4.0/adoption/1' },
          demo: { type: 'boolean', description: 'Invented money: never add these to real figures.' },
          market: {
            type: 'object',
            required: ['code', 'name'],
            properties: { code: { type: 'string' }, name: { type: 'string' } },
          },
          businessDay: { type: 'string', format: 'date' },
          definitionsVersion: { type: 'string' },
          ledgerSeq: { type: ['integer', 'null'] },
          whole: { type: 'object', required, properties: counts },
          sections: {
            type: 'array',
            items: {
              type: 'object',
              required: ['name', ...required],
              properties: { name: { type: 'string' }, ...counts },
            },
          },
          coverage: { type: 'object', properties: { matchedPercent: count } },
        },
      },
      Error: {
        type: 'object',
        properties: {
          error: {
            type: 'object',
            properties: {
              code: { type: 'string' },
              message: { type: 'string' },
              requestId: { type: 'string' },
            },
          },
        },
      },
    },
  },
} as const
