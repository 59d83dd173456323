// One node of gossipsub, told what to do by rate.mjs.
import { randomBytes } from 'node:crypto';
import { gossipsub } from '@chainsafe/libp2p-gossipsub';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { identify } from '@libp2p/identify';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';

// What it stands on asks for this, which Node has from 22 on.
Promise.withResolvers ??= () => {
  const all = {};
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
};
const TOPIC = 'blocks';
const node = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  ...{ transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()] },
  services: { identify: identify(), pubsub: gossipsub({ globalSignaturePolicy: 'StrictSign', emitSelf: true }) },
});
const { pubsub } = node.services;
pubsub.subscribe(TOPIC);
let got = 0;
let all = Infinity;
const look = () => got >= all && process.send({ type: 'done' });
pubsub.addEventListener('message', () => {
  got += 1;
  look();
});
process.on('message', async (message) => {
  if (message.type === 'dial') {
    for (const address of message.addresses) await node.dial(multiaddr(address));
    while (pubsub.getSubscribers(TOPIC).length < 4) await new Promise((resolve) => setTimeout(resolve, 50));
    process.send({ type: 'meshed' });
  } else {
    all = message.all;
    for (const bytes of message.bytes) await pubsub.publish(TOPIC, randomBytes(bytes));
    look();
  }
});
process.send({ type: 'listening', address: node.getMultiaddrs()[0].toString() });
