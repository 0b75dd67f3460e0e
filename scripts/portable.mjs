// What esbuild needs to build for where there is no Node.js: the other side of the door (src/primitives), and a Buffer.
export const portable = {
  inject: ['src/primitives/portable/buffer.ts'],
  plugins: [
    {
      name: 'portable',
      setup({ onResolve, resolve }) {
        onResolve({ filter: /^\.\/node\.ts$/ }, ({ importer, resolveDir, kind }) =>
          /[\\/]primitives[\\/]primitives\.ts$/.test(importer)
            ? resolve('./portable.ts', { resolveDir, importer, kind })
            : undefined,
        )
      },
    },
  ],
}
