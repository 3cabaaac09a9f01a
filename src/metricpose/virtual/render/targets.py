"""The buffers that a picture of one size is drawn into."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import moderngl


class Targets:
    """Buffers of `size` (w, h), and the finished picture's of `final_size`, which differs where a lens bends.

    smooth: several samples per pixel, linear display values; resolved: their mean; final: sRGB; labels: person and
    depth; amodal: four masks.
    """

    def __init__(
        self, context: "moderngl.Context", size: tuple[int, int], final_size: tuple[int, int], samples: int
    ) -> None:
        self.size = size
        self.resolved_texture = context.texture(size, 4, dtype="f2")
        self.resolved_texture.filter = (context.LINEAR, context.LINEAR)
        self.resolved_texture.repeat_x = self.resolved_texture.repeat_y = False
        self.resolved = context.framebuffer([self.resolved_texture])
        self.smooth = context.framebuffer(
            [context.renderbuffer(size, 4, samples=samples, dtype="f2")],
            context.depth_renderbuffer(size, samples=samples),
        )
        self.final = context.framebuffer([context.renderbuffer(final_size, 4)])
        self.labels = context.framebuffer([context.renderbuffer(size, 2, dtype="f4")], context.depth_renderbuffer(size))
        self.amodal = context.framebuffer([context.renderbuffer(size, 4)])

    def release(self) -> None:
        """Give the memory back."""
        for frame in (self.resolved, self.smooth, self.final, self.labels, self.amodal):
            attached = [*frame.color_attachments, frame.depth_attachment]
            frame.release()
            for one in attached:
                if one is not None:
                    one.release()
