/** The journeys of visitors, as the storefront sees them: browse, search, fill a cart, buy. */
import { callHttp, markHttpStatus } from './calls.ts';
import { PRODUCTS } from './catalogue.ts';
import { serveCart, serveCheckout } from './checkout.ts';
import { serveProduct, serveSearch } from './inventory.ts';
import { drawVisit, type PlannedSpan, type Sketch } from './sketch.ts';
import type { World } from './world.ts';

interface Journey {
  /** Share of all visits; the shares add up to 1. */
  readonly share: number;
  readonly method: string;
  readonly route: string;
  path(world: World): string;
  /** Answers the HTTP status of the page. */
  serve(page: Sketch, request: { readonly userId: string; readonly path: string }, world: World): number;
}

const TERMS = ['mug', 'backpack', 'shoes', 'tent', 'torch', 'wool'] as const;
const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15',
  'ShopApp/4.2 (Android 15)',
] as const;

const JOURNEYS: readonly Journey[] = [
  {
    share: 0.4,
    method: 'GET',
    route: '/products/{id}',
    path: ({ dice }) => `/products/${dice.pick(PRODUCTS).id}`,
    serve(page, { userId, path }, world) {
      const { dice } = world;
      const product = PRODUCTS.find(({ id }) => path.endsWith(id))!;
      page.together([
        () =>
          callHttp(
            page,
            { from: 'storefront', to: 'inventory', method: 'GET', route: '/products/{id}', path },
            { dice, serve: (inventory) => serveProduct(inventory, product, world) },
          ),
        () =>
          callHttp(
            page,
            {
              from: 'storefront',
              to: 'cart',
              method: 'GET',
              route: '/carts/{user}',
              path: `/carts/${userId}`,
            },
            { dice, serve: (cart) => serveCart(cart, { command: 'HLEN', userId }, world) },
          ),
      ]);
      render(page, 'product', world);
      return 200;
    },
  },
  {
    share: 0.25,
    method: 'GET',
    route: '/search',
    path: () => '/search',
    serve(page, _request, world) {
      const term = world.dice.pick(TERMS);
      page.set({ 'url.query': `q=${term}` });
      const status = callHttp(
        page,
        { from: 'storefront', to: 'inventory', method: 'GET', route: '/search', path: `/search?q=${term}` },
        { dice: world.dice, serve: (inventory) => serveSearch(inventory, term, world) },
      );
      render(page, 'results', world);
      return status;
    },
  },
  {
    share: 0.2,
    method: 'POST',
    route: '/cart/items',
    path: () => '/cart/items',
    serve(page, { userId }, world) {
      const quantity = 1 + world.dice.below(3);
      const status = callHttp(
        page,
        {
          from: 'storefront',
          to: 'cart',
          method: 'POST',
          route: '/carts/{user}/items',
          path: `/carts/${userId}/items`,
        },
        { dice: world.dice, serve: (cart) => serveCart(cart, { command: 'HINCRBY', userId }, world) },
      );
      world.tell({ kind: 'cart-items', delta: quantity });
      page.log('INFO', `cart of ${userId} got ${quantity} items`, {
        'user.id': userId,
        'shop.quantity': quantity,
      });
      return status;
    },
  },
  {
    share: 0.15,
    method: 'POST',
    route: '/checkout',
    path: () => '/checkout',
    serve(page, { userId }, world) {
      const status = callHttp(
        page,
        { from: 'storefront', to: 'checkout', method: 'POST', route: '/orders', path: '/orders' },
        { dice: world.dice, serve: (checkout) => serveCheckout(checkout, userId, world) },
      );
      render(page, status === 201 ? 'thanks' : 'sorry', world);
      return status;
    },
  },
];

export function planVisit(world: World): PlannedSpan {
  const { dice } = world;
  const journey = pickJourney(dice.next());
  const userId = `user-${dice.below(5000)}`;
  const path = journey.path(world);
  return drawVisit(
    {
      service: 'storefront',
      name: `${journey.method} ${journey.route}`,
      kind: 'server',
      attributes: {
        'http.request.method': journey.method,
        'http.route': journey.route,
        'url.scheme': 'https',
        'url.path': path,
        'server.address': 'shop.example',
        'user_agent.original': dice.pick(AGENTS),
        'user.id': userId,
      },
    },
    (page) => {
      page.spend(dice.latencyMs(1.5));
      const status = journey.serve(page, { userId, path }, world);
      markHttpStatus(page, 'server', status);
      page.log(status >= 500 ? 'ERROR' : 'INFO', `${journey.method} ${path} ${status}`, {
        'http.request.method': journey.method,
        'url.path': path,
        'http.response.status_code': status,
        'user.id': userId,
      });
    },
  );
}

function render(page: Sketch, template: string, { dice }: World): void {
  page.child(
    {
      service: 'storefront',
      name: `render ${template}`,
      kind: 'internal',
      attributes: { 'template.name': template },
    },
    (span) => span.spend(dice.latencyMs(5)),
  );
}

function pickJourney(draw: number): Journey {
  let left = draw;
  for (const journey of JOURNEYS) {
    left -= journey.share;
    if (left < 0) return journey;
  }
  return JOURNEYS[0]!;
}
