//! Functions compiled for the widest registers of the machine they run on, chosen once per call.
//!
//! `pulp` runs a `NullaryFnOnce` inside a function compiled for those registers. Handing it a closure does not do that: the
//! compiler puts a shim between the two which is not inlined, the body is compiled for the oldest machines, and each fused
//! multiply-add becomes a call into the C library, a hundred times slower. Hence a macro that writes the struct.

/// Declares a function whose body, and whatever it inlines, is compiled for the widest registers.
macro_rules! wide {
    ($(#[$meta:meta])* $vis:vis fn $name:ident<$life:lifetime>($($arg:ident: $ty:ty),* $(,)?) -> $ret:ty $body:block) => {
        $(#[$meta])*
        #[inline]
        $vis fn $name<$life>($($arg: $ty),*) -> $ret {
            struct Call<$life> {
                $($arg: $ty,)*
            }
            impl<$life> pulp::NullaryFnOnce for Call<$life> {
                type Output = $ret;
                #[inline(always)]
                fn call(self) -> $ret {
                    let Self { $($arg),* } = self;
                    $body
                }
            }
            pulp::Arch::new().dispatch(Call { $($arg),* })
        }
    };
}
pub(crate) use wide;
