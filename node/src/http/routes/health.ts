import type { FastifyInstance } from 'fastify';
import type { Routes } from './routes.js';

/** For machines that watch: alive, able to serve, and in numbers. */
export function healthRoutes(app: FastifyInstance, routes: Routes): void {
  app.get('/health', { schema: { summary: 'The process answers' } }, async () => ({ status: 'alive' }));
  app.get(
    '/ready',
    { schema: { summary: 'Blocks can be kept and found; 503 with reasons otherwise' } },
    async (_request, reply) => {
      const answer = await routes.ready();
      return reply.code(answer.ready ? 200 : 503).send(answer);
    },
  );
  app.get('/metrics', { schema: { summary: 'Prometheus text format' } }, async (_request, reply) =>
    reply.type(routes.metricsType).send(await routes.metrics()),
  );
  app.get('/openapi.json', { schema: { summary: 'This interface as OpenAPI 3.1' } }, () => app.swagger());
}
