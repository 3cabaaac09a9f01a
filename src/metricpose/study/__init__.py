"""VirtualPose's generalisation study on virtual data: who learns what from which cameras, poses and backgrounds."""
