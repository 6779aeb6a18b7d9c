"""The official client's asyncio half."""

import asyncio

from kubernetes.aio import client, config, watch

NAMESPACE = "clients-aio"


async def main():
    await config.load_kube_config()
    async with client.ApiClient() as api:
        core = client.CoreV1Api(api)
        await core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE)))

        async def write():
            for index in range(20):
                body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name=f"c{index}"))
                await core.create_namespaced_config_map(NAMESPACE, body)

        async def follow():
            names = set()
            async with watch.Watch() as stream:
                async for event in stream.stream(core.list_namespaced_config_map, NAMESPACE, timeout_seconds=60):
                    names.add(event["object"].metadata.name)
                    if len(names) == 20:
                        return

        await asyncio.gather(follow(), write())
        await core.delete_namespace(NAMESPACE)
    print("ok asynchronous")


asyncio.run(main())
